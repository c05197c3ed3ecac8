"""A feed of ours: its settings, its index, and every act that changes it."""
