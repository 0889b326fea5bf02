// The end-to-end tests start up to seven processes each: three installations at a time is what a small machine carries, as they wait more than they work.
[assembly: CollectionBehavior(MaxParallelThreads = 3)]
