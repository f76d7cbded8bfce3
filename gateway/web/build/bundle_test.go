package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// needsLibraries skips a test where what npm installs isn't there.
func needsLibraries(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(filepath.Join("..", "node_modules", "@noble")); err != nil {
		t.Skip("the noble libraries aren't installed: run npm ci in gateway/web")
	}
}

func TestCommittedBundleIsWhatTheSourcesGive(t *testing.T) {
	needsLibraries(t)
	files, err := bundle("..")
	if err != nil {
		t.Fatal(err)
	}
	committed, err := os.ReadDir(filepath.Join("..", "dist"))
	if err != nil {
		t.Fatal(err)
	}
	if len(committed) != len(files) {
		t.Errorf("dist holds %d files, the sources give %d: run go run ./gateway/web/build", len(committed), len(files))
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("..", "dist", name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("dist/%s differs from its source (%v): run go run ./gateway/web/build", name, err)
		}
	}
}

func TestBuildingTwiceGivesTheSameBytes(t *testing.T) {
	needsLibraries(t)
	first, err := bundle("..")
	if err != nil {
		t.Fatal(err)
	}
	second, err := bundle("..")
	if err != nil {
		t.Fatal(err)
	}
	for name := range first {
		if !bytes.Equal(first[name], second[name]) {
			t.Errorf("%s differs between two builds", name)
		}
	}
}
