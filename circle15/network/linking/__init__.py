"""Points to places on the network: links, entrances, hard borders."""
