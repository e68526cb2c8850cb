"""What became of groups of customers: retention and second purchases, counted per cohort."""
