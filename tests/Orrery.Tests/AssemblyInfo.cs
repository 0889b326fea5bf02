// The end-to-end tests start seven processes each: two installations at a time is what a small machine carries, as they wait more than they work.
[assembly: CollectionBehavior(MaxParallelThreads = 2)]
