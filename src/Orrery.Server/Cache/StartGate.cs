using Orrery.Storage;

namespace Orrery.Server.Cache;

/// <summary>Holds commits back while the store is being read, then lets those pass that the reading did not show.</summary>
internal sealed class StartGate(Action<StoreBatch> apply)
{
    private readonly Lock gate = new();
    private List<StoreBatch>? held = [];

    public void Take(StoreBatch batch)
    {
        lock (gate)
        {
            if (held is null)
            {
                apply(batch);
            }
            else
            {
                held.Add(batch);
            }
        }
    }

    public void Open(StoreContent content, Action<StoreContent> load)
    {
        lock (gate)
        {
            load(content);
            foreach (StoreBatch batch in held ?? [])
            {
                if (batch.Revision > content.Revision)
                {
                    apply(batch);
                }
            }

            held = null;
        }
    }
}
