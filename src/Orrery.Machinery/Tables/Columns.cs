namespace Orrery.Machinery.Tables;

/// <summary>Columns that many kinds share.</summary>
internal static class Columns
{
    public static readonly TableColumn Name = new("Name", Format: "name", Description: "Name of the object, unique in its namespace.");
    public static readonly TableColumn Age = new("Age", Description: "Time since the object was created.");
    public static readonly TableColumn Containers = new("Containers", Priority: 1, Description: "Names of the containers of each pod.");
    public static readonly TableColumn Images = new("Images", Priority: 1, Description: "Images of the containers of each pod.");
    public static readonly TableColumn Selector = new("Selector", Priority: 1, Description: "Which pods belong to the object.");

    /// <summary>A column of texts.</summary>
    public static TableColumn Text(string name, string description) => new(name, Description: description);

    /// <summary>A column of texts for wide output.</summary>
    public static TableColumn Wide(string name, string description) => new(name, Priority: 1, Description: description);

    public static TableColumn Count(string name, string description) => new(name, "integer", Description: description);
}
