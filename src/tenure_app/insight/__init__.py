"""What is computed from the mirror: lives in a file, overlays of whoever was touched since, pictures of days."""
