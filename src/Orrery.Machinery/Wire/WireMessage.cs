using System.Collections.Frozen;
using System.Text;

namespace Orrery.Machinery.Wire;

/// <summary>What a message is in JSON.</summary>
internal enum WireForm
{
    /// <summary>An object.</summary>
    Message,

    /// <summary>A text: seconds = 1, nanos = 2.</summary>
    Time,
    MicroTime,

    /// <summary>A text: string = 1.</summary>
    Quantity,

    /// <summary>A number or a text: type = 1, intVal = 2, strVal = 3.</summary>
    IntOrString,

    /// <summary>Anything, kept as JSON: raw = 1.</summary>
    Raw,

    /// <summary>A schema, which is its first field, or several, which are its second.</summary>
    SchemaOrMany,

    /// <summary>A boolean, which is its first field, or a schema, which is its second.</summary>
    BooleanOrSchema,
}

/// <summary>One message of Kubernetes' binary encoding.</summary>
internal sealed class WireMessage
{
    private readonly Lazy<FrozenDictionary<int, WireField>> byNumber;
    private readonly Lazy<WireNames> names;
    private byte[]? empty;

    /// <param name="fields">In the order of their numbers.</param>
    public WireMessage(string name, WireForm form, WireField[] fields)
    {
        Name = name;
        Form = form;
        Fields = fields;
        byNumber = new(() => fields.ToFrozenDictionary(f => f.Number));
        names = new(() => new WireNames(this));
    }

    /// <summary>Such as <c>io.k8s.api.core.v1.PodSpec</c>.</summary>
    public string Name { get; }

    public WireForm Form { get; }

    /// <summary>In the order of their numbers.</summary>
    public WireField[] Fields { get; }

    /// <summary>Its bytes when nothing of it is set: Go writes fields that are values all the same.</summary>
    public byte[] Empty => empty ??= Form switch
    {
        WireForm.Quantity => [0x0a, 1, (byte)'0'],
        WireForm.IntOrString => [0x08, 0, 0x10, 0, 0x1a, 0],
        _ => [.. Fields.Where(f => f.IsAlways).SelectMany(f => f.Empty)],
    };

    /// <summary>Null for a number that is not known.</summary>
    public WireField? Find(int number) => byNumber.Value.GetValueOrDefault(number);

    /// <summary>Where a member of the JSON object stands.</summary>
    /// <returns>The places in <see cref="Fields"/>, from message to embedded message; null for a member that has none.</returns>
    public int[]? Find(ReadOnlySpan<byte> member) => names.Value.Find(member);
}

/// <summary>The members of a message's JSON object, those of embedded messages among them. A table with open addressing: most members are found at the first look.</summary>
internal sealed class WireNames
{
    private readonly (byte[]? Name, int[] Path)[] table;

    public WireNames(WireMessage message)
    {
        var all = new List<(string Name, int[] Path)>();
        Collect(message, []);
        int size = 4;
        while (size < 3 * all.Count)
        {
            size *= 2;
        }

        table = new (byte[]?, int[])[size];
        foreach ((string name, int[] path) in all)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(name);
            uint at = Hash(bytes);
            while (table[at & (uint)(size - 1)].Name is not null)
            {
                at++;
            }

            table[at & (uint)(size - 1)] = (bytes, path);
        }

        void Collect(WireMessage within, int[] path)
        {
            for (int i = 0; i < within.Fields.Length; i++)
            {
                if (within.Fields[i].IsEmbedded)
                {
                    Collect(within.Fields[i].Message, [.. path, i]);
                }
                else
                {
                    all.Add((within.Fields[i].Name, [.. path, i]));
                }
            }
        }
    }

    public int[]? Find(ReadOnlySpan<byte> member)
    {
        for (uint at = Hash(member); ; at++)
        {
            (byte[]? name, int[] path) = table[at & (uint)(table.Length - 1)];
            if (name is null)
            {
                return null;
            }

            if (member.SequenceEqual(name))
            {
                return path;
            }
        }
    }

    private static uint Hash(ReadOnlySpan<byte> name) => name.IsEmpty
        ? 0
        : (uint)(name.Length * 7) + (name[0] * 31u) + (name[^1] * 131u) + (name[name.Length / 2] * 17u);
}
