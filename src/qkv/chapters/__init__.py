"""The modules that the chapters export. Never edited: `qkv export` writes them."""
