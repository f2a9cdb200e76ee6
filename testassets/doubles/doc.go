// Package doubles has pretended GPUs for tests: drivers, in C, that FFmpeg's real hardware
// encoders, decoders and filters run on. They encode what they are given with x264,
// misbehave when a test asks them to, and record what they were told.
package doubles
