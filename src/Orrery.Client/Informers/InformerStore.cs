using System.Runtime.InteropServices;
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
    private readonly Dictionary<(ClusterName Cluster, string Namespace), KeySet> namespaces = [];
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
            return namespaces.TryGetValue((cluster, ns), out KeySet keys) ? Take(keys) : [];
        }
    }

    /// <summary>How many objects a namespace has; copies none.</summary>
    public int CountInNamespace(ClusterName cluster, string ns)
    {
        lock (gate)
        {
            return namespaces.TryGetValue((cluster, ns), out KeySet keys) ? keys.Count : 0;
        }
    }

    public KubeObject[] ByIndex(string name, string value)
    {
        lock (gate)
        {
            Index index = indexes.TryGetValue(name, out Index? found) ? found : throw new ArgumentException($"no index named '{name}'");
            return index.Keys.TryGetValue(value, out KeySet keys) ? Take(keys) : [];
        }
    }

    /// <summary>How many objects an index has under a value; copies none.</summary>
    public int CountByIndex(string name, string value)
    {
        lock (gate)
        {
            Index index = indexes.TryGetValue(name, out Index? found) ? found : throw new ArgumentException($"no index named '{name}'");
            return index.Keys.TryGetValue(value, out KeySet keys) ? keys.Count : 0;
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

    private KubeObject[] Take(KeySet keys)
    {
        var found = new KubeObject[keys.Count];
        if (keys.Several is not { } several)
        {
            found[0] = objects[keys.One];
            return found;
        }

        int i = 0;
        foreach (ObjectKey key in several)
        {
            found[i++] = objects[key];
        }

        return found;
    }

    private sealed class Index(Func<KubeObject, IEnumerable<string>> values)
    {
        public Dictionary<string, KeySet> Keys { get; } = new(StringComparer.Ordinal);

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

        public static void Move<T>(Dictionary<T, KeySet> sets, T value, ObjectKey key, bool present)
            where T : notnull
        {
            if (present)
            {
                ref KeySet keys = ref CollectionsMarshal.GetValueRefOrAddDefault(sets, value, out bool isThere);
                keys = isThere ? keys.With(key) : new KeySet(key, null);
            }
            else if (sets.TryGetValue(value, out KeySet keys) && keys.Lacks(key))
            {
                sets.Remove(value);
            }
        }
    }

    /// <summary>Keys of which there is at least one. Most often there is no other, as of what each namespace has one of: it needs no set.</summary>
    /// <param name="One">What is there while <paramref name="Several"/> is null.</param>
    private readonly record struct KeySet(ObjectKey One, HashSet<ObjectKey>? Several)
    {
        public int Count => Several?.Count ?? 1;

        public KeySet With(ObjectKey key)
        {
            if (Several is null)
            {
                return key == One ? this : new KeySet(default, [One, key]);
            }

            Several.Add(key);
            return this;
        }

        /// <summary>Takes a key out, if it is in it.</summary>
        /// <returns>Whether none is left.</returns>
        public bool Lacks(ObjectKey key) => Several is null ? key == One : Several.Remove(key) && Several.Count == 0;
    }
}
