"""Runs named SQL on an engine: tables in, tables out."""
