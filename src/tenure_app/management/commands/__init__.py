"""Commands of Django that Tenure changes."""
