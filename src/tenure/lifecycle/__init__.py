"""In which stage of their life with the business every customer is: the rule, the engine, the oracle, the sentence."""
