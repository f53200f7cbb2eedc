"""Plan a district's 15-minute public-service circle on its real walking network.

The public names stand in `__init__.pyi` and are loaded on first use, so that `import circle15` and `circle15 --help`
stay instant.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
