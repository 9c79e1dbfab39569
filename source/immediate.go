package source

// Immediate is a Source that has its credentials at hand. A cache in front of it
// would only write down what stands somewhere already.
type Immediate interface {
	Source
	Immediate()
}

// Immediate says that a key needs no cache.
func (s *Static) Immediate() {}
