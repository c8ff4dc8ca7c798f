"""Taking in what residents ask for, and giving receipts."""
