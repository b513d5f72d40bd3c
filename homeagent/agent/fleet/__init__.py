"""Many homes on the engine of the backtest: each home a row, all homes a report."""
