package main

import (
	"encoding/json"
	"fmt"
	"io"
)

// A job names what is to be done in op; the other fields are what that needs. Bytes travel as base64.
type job struct {
	Op, Text, Name, Origin, VKey, SKey, Folder, URL, Path string
	VKeys, SKeys, Witnesses                               []string
	Index, First, Size                                    uint64
	Note, Policy, Leaf, Root, FirstRoot, Raw, Extra       []byte
	Notes, Proof, Leaves                                  [][]byte
}

// A verdict is what the op found out, or why a library refused.
type verdict map[string]any

var ops = map[string]func(job) (verdict, error){
	"read-vkey":         readVKey,
	"read-skey":         readSKey,
	"new-key":           newKey,
	"new-quantum-key":   newQuantumKey,
	"open-note":         openNote,
	"sign-note":         signNote,
	"open-checkpoint":   openCheckpoint,
	"cosign":            cosign,
	"judge-policy":      judgePolicy,
	"check-inclusion":   checkInclusion,
	"check-consistency": checkConsistency,
	"prove":             prove,
	"read-tlog-proof":   readTlogProof,
	"write-tlog-proof":  writeTlogProof,
	"read-tiles":        readTiles,
	"read-tile-path":    readTilePath,
	"submit":            submit,
}

func check(in io.Reader, out io.Writer) error {
	decoder, encoder := json.NewDecoder(in), json.NewEncoder(out)
	decoder.DisallowUnknownFields()
	for {
		var next job
		if err := decoder.Decode(&next); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := encoder.Encode(judge(next)); err != nil {
			return err
		}
	}
}

func judge(next job) (found verdict) {
	defer func() {
		if panicked := recover(); panicked != nil {
			found = verdict{"panic": fmt.Sprint(panicked)}
		}
	}()
	op, known := ops[next.Op]
	if !known {
		return verdict{"panic": "unknown op " + next.Op}
	}
	found, err := op(next)
	if err != nil {
		return verdict{"refused": err.Error()}
	}
	return found
}
