"""The search for settings: many trainings, compared."""
