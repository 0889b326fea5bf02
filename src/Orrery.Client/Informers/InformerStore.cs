using Orrery.Api;

namespace Orrery.Client;

/// <summary>
/// The objects an informer knows, with their indexes. Any thread may read; only the informer writes. Answers are
/// copies: they do not change under the reader.
/// </summary>
internal sealed class InformerStore
{
    private readonly Lock gate = new();
    private readonly Dictionary<ObjectKey, KubeObject> objects = [];
    private readonly Dictionary<(ClusterName Cluster, string Namespace), HashSet<ObjectKey>> namespaces = [];
    private readonly Dictionary<string, Index> indexes = new(StringComparer.Ordinal);

    public int Count
    {
        get
        {
            lock (gate)
            {
                return objects.Count;
            }
        }
    }

    public void AddIndex(string name, Func<KubeObject, IEnumerable<string>> values)
    {
        lock (gate)
        {
            var index = new Index(values);
            indexes.Add(name, index);
            foreach ((ObjectKey key, KubeObject found) in objects)
            {
                index.Change(key, null, found);
            }
        }
    }

    public KubeObject? Get(ObjectKey key)
    {
        lock (gate)
        {
            return objects.GetValueOrDefault(key);
        }
    }

    public KeyValuePair<ObjectKey, KubeObject>[] Entries()
    {
        lock (gate)
        {
            return [.. objects];
        }
    }

    public KubeObject[] All()
    {
        lock (gate)
        {
            return [.. objects.Values];
        }
    }

    public KubeObject[] InNamespace(ClusterName cluster, string ns)
    {
        lock (gate)
        {
            return namespaces.TryGetValue((cluster, ns), out HashSet<ObjectKey>? keys) ? Take(keys) : [];
        }
    }

    /// <summary>How many objects a namespace has; copies none.</summary>
    public int CountInNamespace(ClusterName cluster, string ns)
    {
        lock (gate)
        {
            return namespaces.TryGetValue((cluster, ns), out HashSet<ObjectKey>? keys) ? keys.Count : 0;
        }
    }

    public KubeObject[] ByIndex(string name, string value)
    {
        lock (gate)
        {
            Index index = indexes.TryGetValue(name, out Index? found) ? found : throw new ArgumentException($"no index named '{name}'");
            return index.Keys.TryGetValue(value, out HashSet<ObjectKey>? keys) ? Take(keys) : [];
        }
    }

    /// <summary>How many objects an index has under a value; copies none.</summary>
    public int CountByIndex(string name, string value)
    {
        lock (gate)
        {
            Index index = indexes.TryGetValue(name, out Index? found) ? found : throw new ArgumentException($"no index named '{name}'");
            return index.Keys.TryGetValue(value, out HashSet<ObjectKey>? keys) ? keys.Count : 0;
        }
    }

    /// <summary>Puts, or removes where <paramref name="current"/> is null.</summary>
    /// <returns>What was there before.</returns>
    public KubeObject? Set(ObjectKey key, KubeObject? current)
    {
        lock (gate)
        {
            KubeObject? old = objects.GetValueOrDefault(key);
            if (current is null)
            {
                objects.Remove(key);
            }
            else
            {
                objects[key] = current;
            }

            if (old is null != current is null)
            {
                Index.Move(namespaces, (key.Cluster, key.Namespace), key, present: current is not null);
            }

            foreach (Index index in indexes.Values)
            {
                index.Change(key, old, current);
            }

            return old;
        }
    }

    private KubeObject[] Take(HashSet<ObjectKey> keys)
    {
        var found = new KubeObject[keys.Count];
        int i = 0;
        foreach (ObjectKey key in keys)
        {
            found[i++] = objects[key];
        }

        return found;
    }

    private sealed class Index(Func<KubeObject, IEnumerable<string>> values)
    {
        public Dictionary<string, HashSet<ObjectKey>> Keys { get; } = new(StringComparer.Ordinal);

        public void Change(ObjectKey key, KubeObject? old, KubeObject? current)
        {
            foreach (string value in old is null ? [] : values(old))
            {
                Move(Keys, value, key, present: false);
            }

            foreach (string value in current is null ? [] : values(current))
            {
                Move(Keys, value, key, present: true);
            }
        }

        public static void Move<T>(Dictionary<T, HashSet<ObjectKey>> sets, T value, ObjectKey key, bool present)
            where T : notnull
        {
            if (present)
            {
                if (!sets.TryGetValue(value, out HashSet<ObjectKey>? made))
                {
                    sets[value] = made = [];
                }

                made.Add(key);
            }
            else if (sets.TryGetValue(value, out HashSet<ObjectKey>? keys) && keys.Remove(key) && keys.Count == 0)
            {
                sets.Remove(value);
            }
        }
    }
}
