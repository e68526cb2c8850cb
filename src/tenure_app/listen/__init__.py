"""What senders say by themselves: taken durably at once, put on the timeline by the worker."""
