package importer

import (
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/protocol/catalog"
)

func TestLabelsThatSteerAdvertisingStayPrivate(t *testing.T) {
	file := "Handle,Title,Variant Price,Google Shopping / Custom Label 0,Google Shopping / AdWords Grouping,Google Shopping / AdWords Labels,Google Shopping / MPN\n" +
		"sencha,Sencha,5,margin-62,winners,push-hard,M-1\n"
	is := run(t, newShop(), file)[0].Is
	if len(is.Fields) != 3 {
		t.Errorf("private fields: %v", is.Fields)
	}
	is.Product.Header = catalog.HeaderOf(catalog.TypeProduct)
	record, err := catalog.Encode(&is.Product)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"margin-62", "winners", "push-hard"} {
		if strings.Contains(string(record), secret) {
			t.Errorf("the record says %s", secret)
		}
	}
	if !strings.Contains(string(record), "M-1") {
		t.Error("the manufacturer's number is gone")
	}
}
