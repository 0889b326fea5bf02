using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Api;

namespace Orrery.Client;

/// <summary>What an informer keeps, and how it goes about it.</summary>
public sealed record InformerOptions
{
    /// <summary>Empty looks at all namespaces.</summary>
    public string Namespace { get; init; } = "";

    public string? LabelSelector { get; init; }

    public string? FieldSelector { get; init; }

    /// <summary>Called once for each object before it is kept; returns what is to be kept. Null keeps objects as they are.</summary>
    public Func<KubeObject, KubeObject>? Transform { get; init; }

    /// <summary>Objects a page of the list.</summary>
    public int PageSize { get; init; } = 500;

    /// <summary>After how long the server is asked to end a watch; up to as much again is added by chance, so that watches do not all end together.</summary>
    public TimeSpan WatchTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// What may not be listed (403), or is not served (404), counts as none at all until it may be: for one who works on with what is left. Otherwise the first list is waited for.
    /// </summary>
    public bool UnreadableIsEmpty { get; init; }

    /// <summary>Wait after the first failure; doubles up to <see cref="BackoffMax"/>. By chance between half of it and all.</summary>
    public TimeSpan BackoffMin { get; init; } = TimeSpan.FromMilliseconds(50);

    public TimeSpan BackoffMax { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Where <see cref="UnreadableIsEmpty"/> holds: a resource that is not served, or may not be listed, is asked for after <see cref="BackoffMax"/> at first, then ever less, up to this.</summary>
    public TimeSpan UnreadableMax { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Waited for before each list and each watch: for one that knows by other means that the server would not let it. Null asks at once.</summary>
    public Func<CancellationToken, Task>? Until { get; init; }

    /// <summary>Shared by the informers of one server, where somebody looks whether it was put back to an earlier state. Null: what a list or a bookmark tells is all.</summary>
    public ServerHistory? History { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Seed of the jitter; zero derives one from the resource, so that informers differ.</summary>
    public int Seed { get; init; }

    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Drops <c>metadata.managedFields</c>, often half of an object, for readers that do not need them.</summary>
    public static KubeObject WithoutManagedFields(KubeObject found)
    {
        if (found.At("metadata", "managedFields") is null)
        {
            return found;
        }

        // From text to text: this is done for everything that is ever watched.
        var buffer = new ArrayBufferWriter<byte>(JsonMarshal.GetRawUtf8Value(found.Json).Length);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (JsonProperty member in found.Json.EnumerateObject())
            {
                if (!member.NameEquals("metadata"u8))
                {
                    member.WriteTo(writer);
                    continue;
                }

                writer.WriteStartObject("metadata"u8);
                foreach (JsonProperty field in member.Value.EnumerateObject().Where(f => !f.NameEquals("managedFields"u8)))
                {
                    field.WriteTo(writer);
                }

                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        return KubeObject.Parse(buffer.WrittenSpan);
    }
}
