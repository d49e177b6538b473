"""A complete, polite and honest collector of the n8n workflow template library."""

__version__ = "0.1.0"
