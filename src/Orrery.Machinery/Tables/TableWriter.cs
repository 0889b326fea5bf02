using System.Buffers;
using System.Text.Json;
using Orrery.Api;

namespace Orrery.Machinery.Tables;

/// <summary>What a row carries of its object beside the cells.</summary>
public enum IncludeObject
{
    /// <summary>A PartialObjectMetadata.</summary>
    Metadata,

    /// <summary>The object itself.</summary>
    Object,

    None,
}

/// <summary>What stands in a table's own metadata; empty members are left out.</summary>
public sealed record TableHead(string ResourceVersion = "", string Continue = "", long? RemainingItemCount = null);

/// <summary>Writes a meta.k8s.io Table: the head, then row after row, then the end.</summary>
/// <param name="version">Of meta.k8s.io: <c>v1</c> or <c>v1beta1</c>.</param>
public sealed class TableWriter(TablePrinter printer, IncludeObject include, TimeProvider time, string version = "v1")
{
    public string ApiVersion { get; } = "meta.k8s.io/" + version;

    /// <summary>Reads the query parameter.</summary>
    /// <exception cref="StatusException">400, with upstream's text.</exception>
    public static IncludeObject ReadInclude(string? value) => value switch
    {
        null or "" or "Metadata" => IncludeObject.Metadata,
        "Object" => IncludeObject.Object,
        "None" => IncludeObject.None,
        _ => throw ApiErrors.BadRequest($"Unable to convert to Table as requested: {FieldError.Invalid("includeObject", value, "must be 'Metadata', 'Object', 'None', or empty")}"),
    };

    /// <summary>Everything up to the first row; rows are parted by commas.</summary>
    /// <param name="withColumns">False in all events of a watch but the first: clients keep the columns.</param>
    public void WriteHead(IBufferWriter<byte> output, TableHead head, bool withColumns = true)
    {
        WriteStart(output, head, withColumns);
        output.Write("["u8);
    }

    private void WriteStart(IBufferWriter<byte> output, TableHead head, bool withColumns)
    {
        using var json = new Utf8JsonWriter(output, Cells.WriterOptions);
        json.WriteStartObject();
        json.WriteString("kind"u8, "Table"u8);
        json.WriteString("apiVersion"u8, ApiVersion);
        json.WriteStartObject("metadata"u8);
        if (head.ResourceVersion.Length > 0)
        {
            json.WriteString("resourceVersion"u8, head.ResourceVersion);
        }

        if (head.Continue.Length > 0)
        {
            json.WriteString("continue"u8, head.Continue);
        }

        if (head.RemainingItemCount is { } remaining)
        {
            json.WriteNumber("remainingItemCount"u8, remaining);
        }

        json.WriteEndObject();
        json.WritePropertyName("columnDefinitions"u8);
        if (withColumns)
        {
            WriteColumns(json);
        }
        else
        {
            json.WriteNullValue();
        }

        json.Flush();
        output.Write(",\"rows\":"u8);
    }

    /// <param name="o">The object's encoding, as it is answered.</param>
    public void WriteRow(IBufferWriter<byte> output, ReadOnlySpan<byte> o)
    {
        KubeObject read = KubeObject.Parse(o);
        output.Write("{\"cells\":"u8);
        using (var json = new Utf8JsonWriter(output, Cells.WriterOptions))
        {
            printer.WriteCells(json, read, time.GetUtcNow());
        }

        if (printer.Condition?.Invoke(read) is { } condition)
        {
            WriteCondition(output, condition);
        }

        output.Write(",\"object\":"u8);
        switch (include)
        {
            case IncludeObject.Object:
                output.Write(o);
                break;
            case IncludeObject.None:
                output.Write("null"u8);
                break;
            default:
                WriteMetadata(output, read);
                break;
        }

        output.Write("}"u8);
    }

    public void WriteEnd(IBufferWriter<byte> output) => output.Write("]}"u8);

    /// <summary>A whole table.</summary>
    public void Write(IBufferWriter<byte> output, TableHead head, IReadOnlyList<ReadOnlyMemory<byte>> objects, bool withColumns = true)
    {
        WriteStart(output, head, withColumns);
        if (objects.Count == 0 && printer.IsGeneric)
        {
            output.Write("null}"u8);
            return;
        }

        output.Write("["u8);
        for (int i = 0; i < objects.Count; i++)
        {
            if (i > 0)
            {
                output.Write(","u8);
            }

            WriteRow(output, objects[i].Span);
        }

        WriteEnd(output);
    }

    private static void WriteCondition(IBufferWriter<byte> output, RowCondition condition)
    {
        output.Write(",\"conditions\":"u8);
        using var json = new Utf8JsonWriter(output, Cells.WriterOptions);
        json.WriteStartArray();
        json.WriteStartObject();
        json.WriteString("type"u8, "Completed"u8);
        json.WriteString("status"u8, "True"u8);
        json.WriteString("reason"u8, condition.Reason);
        json.WriteString("message"u8, condition.Message);
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private void WriteMetadata(IBufferWriter<byte> output, KubeObject o)
    {
        using var json = new Utf8JsonWriter(output, Cells.WriterOptions);
        json.WriteStartObject();
        json.WriteString("kind"u8, "PartialObjectMetadata"u8);
        json.WriteString("apiVersion"u8, ApiVersion);
        if (o.At("metadata") is { } metadata)
        {
            json.WritePropertyName("metadata"u8);
            metadata.WriteTo(json);
        }

        json.WriteEndObject();
    }

    private void WriteColumns(Utf8JsonWriter json)
    {
        json.WriteStartArray();
        foreach (TableColumn column in printer.Columns)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, column.Name);
            json.WriteString("type"u8, column.Type);
            json.WriteString("format"u8, column.Format);
            json.WriteString("description"u8, column.Description);
            json.WriteNumber("priority"u8, column.Priority);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
