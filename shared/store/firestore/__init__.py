"""The production store: Firestore."""
