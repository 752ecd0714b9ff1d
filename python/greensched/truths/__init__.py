"""What jobs truly cost: a catalogue of published facts and the laws that turn them into work."""
