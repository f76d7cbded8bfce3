package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets scripts run this very binary as "stoa".
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"stoa": main})
}

// TestScripts runs whole sessions of the command line from testdata/script.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("STOA_HOME", e.WorkDir+"/home")
			e.Setenv("HOME", e.WorkDir+"/user")
			e.Setenv("XDG_CACHE_HOME", "")
			e.Values[servedKey{}] = map[string]*served{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"bigcsv": bigCSV, "brandenv": brandEnv, "code": codeCmd, "eventually": eventually, "flip": flip,
			"followersup": followersUp, "get": getCmd, "jsonhas": jsonHas, "jsonlen": jsonLen, "jsonvar": jsonVar, "picture": pictureCmd,
			"serve": serveCmd, "shut": shutCmd, "try": tryCmd, "untilget": untilGet,
		},
	})
}
