package nvidia

// Head is the first line: what holds for all cards.
type Head struct {
	Driver string `json:"driver,omitempty"` // its version
	Cards  int    `json:"cards"`
	// Failure is why there are no answers, one of the words in failures; empty where
	// there are.
	Failure string `json:"failure,omitempty"`
}

// Card is what NVML tells of a card, or of an instance of a card in MIG mode.
type Card struct {
	Index      int    `json:"index"`          // NVML's
	UUID       string `json:"uuid,omitempty"` // as CUDA takes it
	Name       string `json:"name,omitempty"`
	PCI        string `json:"pci,omitempty"` // as the kernel writes it, "0000:65:00.0"
	Memory     uint64 `json:"memory,omitempty"`
	MemoryUsed uint64 `json:"memory_used,omitempty"` // bytes, as Memory
	// Temperature is in °C, what follows in percent; nil where the driver does not tell.
	Temperature *int `json:"temperature,omitempty"`
	Use         *int `json:"use,omitempty"`
	EncoderUse  *int `json:"encoder_use,omitempty"`
	DecoderUse  *int `json:"decoder_use,omitempty"`
	Power       *int `json:"power,omitempty"` // W, what the card takes; nil where the driver does not tell
	// Failure is why the card tells nothing, one of the words in failures.
	Failure string `json:"failure,omitempty"`
}
