// Package nvidia asks NVIDIA's management library (NVML) for its cards and writes the
// answers as lines of JSON. It is run in a process of its own, since that library may
// hang, crash, or end the process: go-nvml calls symbols that it has not looked up.
//
//	{"driver":"535.161.08","cards":2}      Head, or {"failure":"…"}
//	{"index":0,"uuid":"GPU-…", …}          Card, one for each
//
// Each line is written as soon as it is known: where a card does not answer, those before
// it have, and the next process is told to begin behind it.
package nvidia
