using System.Runtime.InteropServices;
using System.Text.Json;
using Orrery.Api;

namespace Orrery.Machinery.Wire;

/// <summary>
/// Where in an object's JSON each field of its message stands: one pass over the bytes, which come in any order, for a writer that needs them in the order of their
/// numbers. A message has a place for each of its fields (<see cref="Place"/>), which holds a node or 0.
/// </summary>
internal sealed class JsonIndex
{
    private Node[] nodes = new Node[512];
    private int nodeCount;
    private int[] places = new int[2048];
    private int placeCount;

    /// <summary>Texts whose escapes were undone.</summary>
    private byte[] texts = new byte[1024];
    private int textCount;

    private int[] order = [];

    private ReadOnlyMemory<byte> json;

    /// <summary>Bytes of memory that this holds on to.</summary>
    public long Kept => ((long)nodes.Length * Marshal.SizeOf<Node>()) + (sizeof(int) * ((long)places.Length + order.Length)) + texts.Length;

    public ref readonly Node At(int node) => ref nodes[node];

    /// <summary>The node of a field; 0 where the object has none.</summary>
    /// <param name="message">As <see cref="Node.First"/> says.</param>
    public int Place(int message, int field) => places[message + field];

    public ReadOnlySpan<byte> Text(in Node node)
    {
        int start = (int)(node.Value >> 32), length = (int)(uint)node.Value;
        return start >= 0 ? json.Span.Slice(start, length) : texts.AsSpan(~start, length);
    }

    /// <param name="json">In use until the next call.</param>
    /// <returns>The place of the object's first field.</returns>
    /// <exception cref="FormatException">The JSON is not what the message asks for.</exception>
    public int Read(ReadOnlyMemory<byte> json, WireMessage message)
    {
        this.json = json;
        nodeCount = 1;
        placeCount = 0;
        textCount = 0;
        var reader = new Utf8JsonReader(json.Span, KubeJson.ReaderOptions);
        try
        {
            Require(reader.Read() && reader.TokenType == JsonTokenType.StartObject, message.Name);
            return Message(ref reader, message, isOnlyMember: message.Fields.Length == 1);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw new FormatException($"no JSON of {message.Name}: {fault.Message}", fault);
        }
    }

    /// <summary>Lets go of the JSON.</summary>
    public void Clear() => json = default;

    /// <param name="isOnlyMember">What follows the message's only field is not read.</param>
    private int Message(ref Utf8JsonReader reader, WireMessage message, bool isOnlyMember = false)
    {
        int at = Reserve(message.Fields.Length);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int[]? path = reader.ValueIsEscaped ? message.Find(Unescape(ref reader)) : message.Find(reader.ValueSpan);
            reader.Read();
            if (path is null || reader.TokenType == JsonTokenType.Null)
            {
                reader.Skip();
                continue;
            }

            (WireMessage owner, int within) = (message, at);
            for (int i = 0; i < path.Length - 1; i++)
            {
                WireMessage embedded = owner.Fields[path[i]].Message;
                if (places[within + path[i]] == 0)
                {
                    int inner = Reserve(embedded.Fields.Length);
                    places[within + path[i]] = Add(0, inner);
                }

                (owner, within) = (embedded, nodes[places[within + path[i]]].First);
            }

            int field = Field(ref reader, owner.Fields[path[^1]]);
            places[within + path[^1]] = field;
            if (isOnlyMember)
            {
                break;
            }
        }

        return at;
    }

    private int Field(ref Utf8JsonReader reader, WireField field) => field.Count switch
    {
        WireCount.Many => Many(ref reader, field),
        WireCount.Map => Map(ref reader, field),
        _ => Value(ref reader, field),
    };

    /// <returns>The last item, from which <see cref="Node.Next"/> leads to the first.</returns>
    private int Many(ref Utf8JsonReader reader, WireField field)
    {
        Require(reader.TokenType == JsonTokenType.StartArray, field.Name);
        int last = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            int item = Value(ref reader, field);
            nodes[item].Next = last;
            last = item;
        }

        return last;
    }

    /// <returns>The entry with the last key, from which <see cref="Node.Next"/> leads to the first. An entry's value is its <see cref="Node.First"/>.</returns>
    private int Map(ref Utf8JsonReader reader, WireField field)
    {
        Require(reader.TokenType == JsonTokenType.StartObject, field.Name);
        int last = 0, count = 0;
        bool isSorted = true;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int entry = Add(TextOf(ref reader));
            reader.Read();
            int value = Value(ref reader, field);
            nodes[entry].First = value;
            nodes[entry].Next = last;
            isSorted = isSorted && (last == 0 || Text(nodes[last]).SequenceCompareTo(Text(nodes[entry])) < 0);
            last = entry;
            count++;
        }

        return isSorted ? last : Sorted(last, count);
    }

    private int Sorted(int last, int count)
    {
        if (order.Length < count)
        {
            order = new int[Math.Max(count, 2 * order.Length)];
        }

        Span<int> entries = order.AsSpan(0, count);
        for (int i = count - 1; i >= 0; i--, last = nodes[last].Next)
        {
            entries[i] = last;
        }

        entries.Sort((a, b) => Text(nodes[a]).SequenceCompareTo(Text(nodes[b])));
        int previous = 0;
        foreach (int entry in entries)
        {
            nodes[entry].Next = previous;
            previous = entry;
        }

        return previous;
    }

    /// <summary>A null in a list or a map is what Go makes of it: the empty value.</summary>
    private int Value(ref Utf8JsonReader reader, WireField field)
    {
        bool isNull = reader.TokenType == JsonTokenType.Null;
        switch (field.Kind)
        {
            case WireKind.Text or WireKind.Bytes:
                return Add(isNull ? 0 : TextOf(ref reader));
            case WireKind.Integer:
                return Add(isNull ? 0 : IntegerOf(ref reader));
            case WireKind.Boolean:
                Require(isNull || reader.TokenType is JsonTokenType.True or JsonTokenType.False, field.Name);
                return Add(reader.TokenType == JsonTokenType.True ? 1 : 0);
            case WireKind.Number:
                return Add(isNull ? 0 : BitConverter.DoubleToInt64Bits(reader.GetDouble()));
            case WireKind.TextList:
                return Add(0, isNull ? 0 : Many(ref reader, WireField.ListItem));
        }

        WireMessage message = field.Message;
        switch (message.Form)
        {
            case WireForm.Message:
                Require(isNull || reader.TokenType == JsonTokenType.StartObject, field.Name);
                return Add(0, isNull ? Reserve(message.Fields.Length) : Message(ref reader, message));
            case WireForm.Quantity:
                return Add(isNull ? 0 : reader.TokenType == JsonTokenType.Number ? RawOf(ref reader) : TextOf(ref reader));
            case WireForm.Time or WireForm.MicroTime:
                return isNull ? Add(0) : Time(ref reader, message.Form == WireForm.MicroTime);
            case WireForm.IntOrString:
                return isNull ? Add(0) : reader.TokenType == JsonTokenType.String ? Add(TextOf(ref reader), 1) : Add(IntegerOf(ref reader));
            case WireForm.Raw:
                return Add(isNull ? 0 : RawOf(ref reader));
            default:
                return Either(ref reader, message);
        }
    }

    /// <summary>Seconds, and as <see cref="Node.First"/> nanoseconds; a set time is told from none by <see cref="Node.Next"/>.</summary>
    private int Time(ref Utf8JsonReader reader, bool hasFractions)
    {
        DateTimeOffset time = reader.GetDateTimeOffset();
        long ticks = time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks;
        long seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out long rest);
        if (rest < 0)
        {
            (seconds, rest) = (seconds - 1, rest + TimeSpan.TicksPerSecond);
        }

        int node = Add(seconds, hasFractions ? (int)(rest / TimeSpan.TicksPerMicrosecond * 1000) : 0);
        nodes[node].Next = 1;
        return node;
    }

    /// <summary>A schema, or what may stand in its place, as a message with two fields of which one is set.</summary>
    private int Either(ref Utf8JsonReader reader, WireMessage message)
    {
        int at = Reserve(2);
        bool isObject = reader.TokenType == JsonTokenType.StartObject;
        if (message.Form == WireForm.BooleanOrSchema)
        {
            // A schema allows what it describes.
            places[at] = Add(isObject || reader.TokenType == JsonTokenType.True ? 1 : 0);
            if (isObject)
            {
                int schema = Value(ref reader, message.Fields[1]);
                places[at + 1] = schema;
            }
        }
        else if (reader.TokenType != JsonTokenType.Null)
        {
            int which = isObject ? 0 : 1;
            int value = Field(ref reader, message.Fields[which]);
            places[at + which] = value;
        }

        return Add(0, at);
    }

    private static long IntegerOf(ref Utf8JsonReader reader) => reader.TryGetInt64(out long whole) ? whole : checked((long)reader.GetDecimal());

    /// <summary>The place of a text, or of a member's name, without its quotes.</summary>
    private long TextOf(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
        {
            Require(reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName, "text");
            return PlaceOf((int)reader.TokenStartIndex + 1, reader.ValueSpan.Length);
        }

        int length = Unescape(ref reader).Length;
        textCount += length;
        return PlaceOf(~(textCount - length), length);
    }

    /// <summary>Holds until the next text.</summary>
    private ReadOnlySpan<byte> Unescape(ref Utf8JsonReader reader)
    {
        int most = reader.ValueSpan.Length;
        if (texts.Length - textCount < most)
        {
            Array.Resize(ref texts, Math.Max(2 * texts.Length, textCount + most));
        }

        return texts.AsSpan(textCount, reader.CopyString(texts.AsSpan(textCount)));
    }

    /// <summary>The place of a value as it stands.</summary>
    private static long RawOf(ref Utf8JsonReader reader)
    {
        int start = (int)reader.TokenStartIndex;
        reader.Skip();
        return PlaceOf(start, (int)reader.BytesConsumed - start);
    }

    private static long PlaceOf(int start, int length) => ((long)start << 32) | (uint)length;

    private int Add(long value, int first = 0)
    {
        if (nodeCount == nodes.Length)
        {
            Array.Resize(ref nodes, 2 * nodes.Length);
        }

        nodes[nodeCount] = new Node { Value = value, First = first };
        return nodeCount++;
    }

    private int Reserve(int fields)
    {
        if (places.Length - placeCount < fields)
        {
            Array.Resize(ref places, Math.Max(2 * places.Length, placeCount + fields));
        }

        places.AsSpan(placeCount, fields).Clear();
        placeCount += fields;
        return placeCount - fields;
    }

    private static void Require(bool isAsWanted, string what)
    {
        if (!isAsWanted)
        {
            throw new FormatException($"{what} is of another type");
        }
    }

    /// <summary>What one value is.</summary>
    internal struct Node
    {
        /// <summary>A number; of a text the place and length of its bytes; of a time its seconds.</summary>
        public long Value;

        /// <summary>The item or entry before it.</summary>
        public int Next;

        /// <summary>Of a message the place of its first field; of a list, or an entry of a map, a node.</summary>
        public int First;
    }
}
