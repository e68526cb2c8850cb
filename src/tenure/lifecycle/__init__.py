"""In which stage of their life with the business every customer is: the rule as data, the engine, the oracle and the sentence."""
