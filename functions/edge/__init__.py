"""What every function shares: decoding, access, errors, texts, pages."""
