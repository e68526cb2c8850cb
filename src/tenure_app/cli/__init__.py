"""The verbs of the command that need the server parts."""
