package main

import (
	"crypto/rand"
	"errors"
	"fmt"

	"filippo.io/torchwood"
	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

func verifiers(vkeys []string) ([]note.Verifier, error) {
	found := []note.Verifier{}
	for _, vkey := range vkeys {
		verifier, err := fnote.NewVerifier(vkey)
		if err != nil {
			return nil, err
		}
		found = append(found, verifier)
	}
	return found, nil
}

// readVKey says how two libraries read a verifier key, and a type 01 key as the type 04 key that it also is.
func readVKey(j job) (verdict, error) {
	verifier, err := fnote.NewVerifier(j.VKey)
	if err != nil {
		return nil, err
	}
	found := verdict{"id": identify(verifier.Name(), verifier.KeyHash())}
	if plain, err := note.NewVerifier(j.VKey); err == nil {
		found["plain"] = identify(plain.Name(), plain.KeyHash())
	}
	if cosigner, err := fnote.VKeyToCosignatureV1(j.VKey); err == nil {
		found["cosigner"] = cosigner
	}
	return found, nil
}

func readSKey(j job) (verdict, error) {
	signer, err := note.NewSigner(j.SKey)
	if err != nil {
		return nil, err
	}
	verifier, err := torchwood.NewVerifierFromSigner(j.SKey)
	if err != nil {
		return nil, err
	}
	cosigner, err := fnote.NewSignerForCosignatureV1(j.SKey)
	if err != nil {
		return nil, err
	}
	return verdict{
		"signer":   identify(signer.Name(), signer.KeyHash()),
		"verifier": identify(verifier.Name(), verifier.KeyHash()),
		"cosigner": identify(cosigner.Name(), cosigner.KeyHash()),
	}, nil
}

func newKey(j job) (verdict, error) {
	skey, vkey, err := note.GenerateKey(rand.Reader, j.Name)
	return verdict{"skey": skey, "vkey": vkey}, err
}

// newQuantumKey makes a key of type 06, ML-DSA-44.
func newQuantumKey(j job) (verdict, error) {
	skey, vkey, err := fnote.GenerateMLDSAKey(j.Name)
	return verdict{"skey": skey, "vkey": vkey}, err
}

func openNote(j job) (verdict, error) {
	known, err := verifiers(j.VKeys)
	if err != nil {
		return nil, err
	}
	opened, err := note.Open(j.Note, note.VerifierList(known...))
	if err != nil {
		return nil, err
	}
	return verdict{"text": opened.Text, "verified": signedBy(opened.Sigs), "unknown": signedBy(opened.UnverifiedSigs)}, nil
}

// signNote adds lines to those that a note has already, each by a key of SKeys.
func signNote(j job) (verdict, error) {
	var signers []note.Signer
	for _, skey := range j.SKeys {
		signer, err := note.NewSigner(skey)
		if err != nil {
			return nil, err
		}
		signers = append(signers, signer)
	}
	if j.Note == nil {
		signed, err := note.Sign(&note.Note{Text: j.Text}, signers...)
		return verdict{"note": signed}, err
	}
	return signUnverified(j.Note, signers)
}

func signUnverified(raw []byte, signers []note.Signer) (verdict, error) {
	_, err := note.Open(raw, note.VerifierList())
	var unverified *note.UnverifiedNoteError
	if !errors.As(err, &unverified) {
		return nil, fmt.Errorf("not a note: %w", err)
	}
	signed, err := note.Sign(unverified.Note, signers...)
	return verdict{"note": signed}, err
}

func signedBy(signatures []note.Signature) []string {
	found := []string{}
	for _, signature := range signatures {
		found = append(found, identify(signature.Name, signature.Hash))
	}
	return found
}

func identify(name string, hash uint32) string {
	return fmt.Sprintf("%s+%08x", name, hash)
}
