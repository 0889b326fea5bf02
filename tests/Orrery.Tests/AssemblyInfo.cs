// The end-to-end tests start seven processes each: one installation at a time is what a small machine carries.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
