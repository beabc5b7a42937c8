import LinAlg
