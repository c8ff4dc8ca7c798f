"""What operations ask of Cosmos DB."""
