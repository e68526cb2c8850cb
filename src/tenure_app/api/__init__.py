"""What programs ask and tell: events in the dialects of their libraries, everything else as JSON."""
