package trie

import (
	"fmt"
	"slices"
	"sync"
	"testing"
)

// million builds 40,000 products with 24 variants each, once.
var million = sync.OnceValue(func() *Memory {
	m, _, err := Build(shop(40000, 24))
	if err != nil {
		panic(err)
	}
	return m
})

func BenchmarkOneEditAtAMillion(b *testing.B) {
	m := million()
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		if _, err := Apply(m, []Change{Put(path("offer/p-%d/v-3", i%40000), record("new"))}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkProveRecordAtAMillion(b *testing.B) {
	m, bytes := million(), []int{}
	b.ResetTimer()
	for i := range b.N {
		_, p, err := ProveRecord(m, path("offer/p-%d/v-3", i%40000))
		if err != nil {
			b.Fatal(err)
		}
		bytes = append(bytes, len(encoded(b, p)))
	}
	reportSizes(b, bytes)
}

func BenchmarkProveGroupAtAMillion(b *testing.B) {
	m, bytes := million(), []int{}
	b.ResetTimer()
	for i := range b.N {
		_, p, err := ProveGroup(m, path("product/p-%d", i%40000))
		if err != nil {
			b.Fatal(err)
		}
		bytes = append(bytes, len(encoded(b, p)))
	}
	reportSizes(b, bytes)
}

func reportSizes(b *testing.B, bytes []int) {
	slices.Sort(bytes)
	sum := 0
	for _, n := range bytes {
		sum += n
	}
	b.ReportMetric(float64(sum)/float64(len(bytes)), "B/proof")
	b.ReportMetric(float64(bytes[len(bytes)*99/100]), "B/proof-p99")
}

func BenchmarkVerifyRecordAtAMillion(b *testing.B) {
	m := million()
	leaf, p, err := ProveRecord(m, "offer/p-7/v-3")
	if err != nil {
		b.Fatal(err)
	}
	root := sumRow(nil, m.rows[""]).Hash
	b.ResetTimer()
	for range b.N {
		if err := VerifyRecord(root, leaf.Path, leaf.Record, p); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLoneRecords measures proofs where no record shares a group, the
// longest that a million records give.
func BenchmarkLoneRecords(b *testing.B) {
	leaves := make([]Leaf, 1000000)
	for i := range leaves {
		leaves[i] = NewLeaf(path("post/%d", i), record("x"))
	}
	m, _, err := Build(leaves)
	if err != nil {
		b.Fatal(err)
	}
	var bytes []int
	b.ResetTimer()
	for i := range b.N {
		_, p, err := ProveRecord(m, leaves[i%len(leaves)].Path)
		if err != nil {
			b.Fatal(err)
		}
		bytes = append(bytes, len(encoded(b, p)))
	}
	reportSizes(b, bytes)
}

func BenchmarkBuild(b *testing.B) {
	for _, n := range []int{100000} {
		leaves := slices.SortedFunc(slices.Values(shop(n/25, 24)), byKey)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for range b.N {
				builder := NewBuilder(func(Row) error { return nil })
				for _, l := range leaves {
					builder.Add(l)
				}
				if _, err := builder.Finish(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
