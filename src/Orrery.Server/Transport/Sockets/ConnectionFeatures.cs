using System.Collections;
using Microsoft.AspNetCore.Http.Features;

namespace Orrery.Server.Transport.Sockets;

/// <summary>
/// What is known of a connection, by type. What the connection is itself takes no room, and a dozen others a row that is looked through: the framework's dictionary took 700 bytes of each of thousands that only wait.
/// Not thread-safe, as the framework's.
/// </summary>
/// <param name="connection">Stands for each interface that it has, until something else is set.</param>
internal sealed class ConnectionFeatures(object connection) : IFeatureCollection
{
    /// <summary>So much longer the row becomes at a time.</summary>
    private const int More = 4;

    private Entry[] entries = new Entry[More];
    private int count;

    public bool IsReadOnly => false;

    public int Revision { get; private set; }

    /// <inheritdoc/>
    public object? this[Type key]
    {
        get
        {
            int at = Find(key);
            return at >= 0 ? entries[at].Feature : key.IsInstanceOfType(connection) ? connection : null;
        }
        set
        {
            int at = Find(key);
            if (at < 0 && value is null && !key.IsInstanceOfType(connection))
            {
                return;
            }

            Revision++;
            if (at < 0)
            {
                at = count++;
                if (at == entries.Length)
                {
                    Array.Resize(ref entries, at + More);
                }
            }

            entries[at] = new Entry(key, value);
        }
    }

    public TFeature? Get<TFeature>()
    {
        int at = Find(typeof(TFeature));
        return at >= 0 ? (TFeature?)entries[at].Feature : connection is TFeature own ? own : default;
    }

    public void Set<TFeature>(TFeature? instance) => this[typeof(TFeature)] = instance;

    /// <summary>Those that were set.</summary>
    public IEnumerator<KeyValuePair<Type, object>> GetEnumerator()
    {
        for (int i = 0; i < count; i++)
        {
            if (entries[i] is { Feature: { } feature } entry)
            {
                yield return new KeyValuePair<Type, object>(entry.Key, feature);
            }
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private int Find(Type key)
    {
        for (int i = 0; i < count; i++)
        {
            if (entries[i].Key == key)
            {
                return i;
            }
        }

        return -1;
    }

    /// <param name="Feature">Null where it was taken away.</param>
    private readonly record struct Entry(Type Key, object? Feature);
}
