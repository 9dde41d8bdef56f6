"""What every port promises, tried on the fake and on the real adapter."""
