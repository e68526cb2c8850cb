"""The console: pages that show one read or ask for one action, and nothing that computes."""
