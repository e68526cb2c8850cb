"""How other people's libraries and services say what happened, read into our words; knows no database."""
