"""Stages that follow events within seconds, and what is told outside when they move."""
