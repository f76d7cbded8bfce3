package catalog

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/specs/vectors"
)

func TestEveryReasonIsSpecifiedAndHasAVector(t *testing.T) {
	source := string(must(os.ReadFile("reason.go")))
	page := string(must(os.ReadFile("../../specs/08-proof.md")))
	var cases strings.Builder
	for _, file := range []string{"head.json", "proof.json", "archive.json"} {
		cases.Write(must(vectors.FS.ReadFile(file)))
	}
	reasons := regexp.MustCompile(`Reason = "([a-z-]+)"`).FindAllStringSubmatch(source, -1)
	if len(reasons) < 25 {
		t.Fatalf("%d reasons", len(reasons))
	}
	for _, r := range reasons {
		if !strings.Contains(page, "`"+r[1]+"`") {
			t.Errorf("%s is not in specs/08-proof.md", r[1])
		}
		if !strings.Contains(cases.String(), `"error": "`+r[1]+`"`) {
			t.Errorf("no vector is refused for %s", r[1])
		}
	}
}
