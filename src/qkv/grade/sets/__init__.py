"""Exercise sets: students' notebooks made from solutions, and the proof that their tests hold."""
