// Package config reads ladderd's configuration file, strict TOML, into plain
// values that have been checked. It starts nothing and knows no other file.
//
//	file ──toml──► tables ──schema──► Config        defaults, then file, then check
//	  └──lineIndex──► the line of each key ──► Errors
//
//	config.go  what a configuration is; Default, Load
//	schema.go  which tables and keys there are, and which parser reads each
//	values.go  the parsers: one a kind of value
//	decode.go  walks the file along the schema
//	check.go   what holds between keys; warnings
//	lines.go   on which line of the file a key stands
//	errors.go  what is told to the operator
//
// All that is wrong with a file is told at once. Values of secret keys, and of
// keys that are not known, are in no error.
package config
