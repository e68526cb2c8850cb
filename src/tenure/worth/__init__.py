"""What customers are worth: forecasts on a timeline, their track record, and the money behind them."""
