"""Optimisers: from costs and room to an assignment."""
