"""What commands share: options, progress, and the last door for words of libraries."""
