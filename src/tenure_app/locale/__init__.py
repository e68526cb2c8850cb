"""The console's words in other languages."""
